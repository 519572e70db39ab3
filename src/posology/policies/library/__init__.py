"""The policies that ship with the package: YAML files with their source texts beside them."""
