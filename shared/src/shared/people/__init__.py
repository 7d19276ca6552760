"""What the registers of members and of volunteers share: a person's data, and the life of an entry."""
