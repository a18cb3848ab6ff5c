// In the place of github.com/pulumi/pulumi/pkg/v3/cmd/pulumi/neo: Pulumi's agent.
package neo

import (
	"errors"

	"github.com/spf13/cobra"
)

func NewNeoCmd() *cobra.Command { return leftOut("neo") }

func leftOut(name string) *cobra.Command {
	return &cobra.Command{
		Use:                name,
		Short:              "Not in the lab's engine",
		DisableFlagParsing: true,
		RunE: func(*cobra.Command, []string) error {
			return errors.New("the lab's engine is built without `pulumi " + name + "`; install the Pulumi CLI for it")
		},
	}
}
