"""The stand-in for Pulumi's aws provider: its resource types and functions as tables over lab.cloud.ec2."""
