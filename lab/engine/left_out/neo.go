// In the place of github.com/pulumi/pulumi/pkg/v3/cmd/pulumi/neo: Pulumi's agent.
package neo

import (
	"github.com/spf13/cobra"

	"github.com/pulumi/pulumi/pkg/v3/cmd/pulumi/leftout"
)

func NewNeoCmd() *cobra.Command { return leftout.Command("neo") }
