"""What subscriptions still allow: windows per account, as read from the host or the provider."""
