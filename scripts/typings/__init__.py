"""Writes the types of the Python client from dstok's OpenRPC document."""
