"""What can be asked for: catalogs, resources, packages and the policies that say who may have them."""
