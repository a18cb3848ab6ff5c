# In a file of its own: Packer before 1.7 knows neither plugins nor data sources, and checks the other file's syntax.
packer {
  required_version = ">= 1.7.0"
  required_plugins {
    amazon = {
      source  = "github.com/hashicorp/amazon"
      version = "~> 1.3"
    }
  }
}

# The image that the program makes hosts from (components/host/host.py, parameter_name).
data "amazon-parameterstore" "ubuntu" {
  region = var.region
  name   = "/aws/service/canonical/ubuntu/server/${var.ubuntu_release}/stable/current/${var.architecture}/hvm/ebs-gp3/ami-id"
}
