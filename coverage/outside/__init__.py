"""What comes from outside and goes there.

The user's folders, downloads, and files written whole or not at all.
"""
