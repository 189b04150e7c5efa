"""ATT&CK coverage analytics: what detection rules cover of MITRE ATT&CK, and what they do not.

An application run from its checkout (see README.md); it is never installed, because coverage.py
bears the same import name. The data flows one way: loaders and catalogue -> mapping -> scope ->
measures -> charts and exports -> pages and command line.
"""
