"""What arrives: inventories of data, and whether rules can run on it."""
