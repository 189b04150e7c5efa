"""The join of rules and catalogue: each mapping as written -> as read in one release (`reader`)."""
