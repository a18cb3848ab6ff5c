"""What of this Linux machine a lab uses: namespaces, links, firewall, containers, the image."""
