"""The MySQL server: its settings, its certificate, and what every installation of it should have."""
