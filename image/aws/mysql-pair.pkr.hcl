# An AMI with the packages of both hosts in it: `make image`. What is done on the machine is ../provision.sh alone.
variable "region" {
  type = string
}

variable "ubuntu_release" {
  type    = string
  default = "24.04"
}

variable "architecture" {
  type        = string
  default     = "amd64"
  description = "As Ubuntu calls it: amd64 or arm64."
}

variable "subnet_id" {
  type        = string
  default     = ""
  description = "A subnet with a way to the package archives, where the account has no default VPC."
}

variable "kms_key_id" {
  type        = string
  default     = ""
  description = "KMS key of the image's snapshot; the account's own key for EBS if empty, as of the program's volumes."
}

variable "manifest" {
  type        = string
  description = "A file to be written: what was built."
}

locals {
  codenames = { "22.04" = "jammy", "24.04" = "noble", "26.04" = "resolute" }
  # The program reads the release from an image's name as Canonical gives it (stack_config/release.py).
  base = "ubuntu-${local.codenames[var.ubuntu_release]}-${var.ubuntu_release}-${var.architecture}-server"
  name = "mysql-pair/${local.base}-${formatdate("YYYYMMDDhhmmss", timestamp())}"
}

source "amazon-ebs" "host" {
  region        = var.region
  source_ami    = data.amazon-parameterstore.ubuntu.value
  instance_type = var.architecture == "arm64" ? "t4g.small" : "t3.small"
  subnet_id     = var.subnet_id

  ssh_username                              = "ubuntu"
  temporary_key_pair_type                   = "ed25519"
  temporary_security_group_source_public_ip = true

  # Of the machine that builds, and of the image: whoever launches it gets no metadata without a token either.
  metadata_options {
    http_endpoint               = "enabled"
    http_tokens                 = "required"
    http_put_response_hop_limit = 1
  }
  imds_support = "v2.0"

  launch_block_device_mappings {
    device_name           = "/dev/sda1"
    volume_type           = "gp3"
    volume_size           = 8
    encrypted             = true
    kms_key_id            = var.kms_key_id
    delete_on_termination = true
  }

  ami_name        = local.name
  ami_description = "Hosts of mysql-pair: packages, and nothing that a host has of its own"
  tags = {
    Name    = local.name
    BaseAmi = "{{ .SourceAMI }}"
  }
}

build {
  sources = ["source.amazon-ebs.host"]

  provisioner "file" {
    sources     = ["${path.root}/../provision.sh", "${path.root}/../packages.txt"]
    destination = "/tmp/"
  }

  # The last one: the script takes away the key that Packer has logged in with. The connection that there is stays.
  provisioner "shell" {
    inline = ["sudo sh /tmp/provision.sh", "rm /tmp/provision.sh /tmp/packages.txt"]
  }

  post-processor "manifest" {
    output = var.manifest
  }
}
