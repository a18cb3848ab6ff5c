// In the place of github.com/pulumi/pulumi/pkg/v3/cmd/pulumi/env: environments of Pulumi Cloud.
package env

import (
	"github.com/spf13/cobra"

	"github.com/pulumi/pulumi/pkg/v3/cmd/pulumi/leftout"
)

func NewEnvCmd() *cobra.Command { return leftout.Command("env") }
