"""Exports: a frame and a scope in, bytes or text out. Never a path, never a widget."""
