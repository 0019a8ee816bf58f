"""The version of the package, which is that of the binary that belongs to it."""

# Cargo.toml has the same, and a test compares them. Reading the metadata of the
# installed package instead would take longer than starting the binary.
__version__ = "0.1.0"
