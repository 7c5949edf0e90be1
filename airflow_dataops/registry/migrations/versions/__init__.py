"""Steps of our tables from one release to the next."""
