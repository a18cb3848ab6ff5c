"""S3, the roles that hosts take, and the metadata service that gives a host its role's credentials."""
