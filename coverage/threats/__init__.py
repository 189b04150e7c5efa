"""Who is against us: threat profiles, their files, and who of ATT&CK's adversaries is meant."""
