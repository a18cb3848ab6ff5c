// In the place of github.com/pulumi/pulumi/pkg/v3/cmd/pulumi/cloud: the API of Pulumi Cloud.
package cloud

import (
	"errors"

	"github.com/spf13/cobra"
)

func NewAPICmd() *cobra.Command { return leftOut("api") }

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

// APIError is what the engine's exit code would come from.
type APIError struct {
	ExitCode int
	Silent   bool
}

func (*APIError) Error() string { return "" }
