"""A certified OpenID provider (npm's oidc-provider) on this machine: installing it, and running it."""
