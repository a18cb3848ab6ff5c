// In the place of github.com/pulumi/pulumi/pkg/v3/cmd/pulumi/org: organizations of Pulumi Cloud.
package org

import (
	"github.com/spf13/cobra"

	"github.com/pulumi/pulumi/pkg/v3/cmd/pulumi/leftout"
)

func NewOrgCmd() *cobra.Command { return leftout.Command("org") }
