// In the place of github.com/pulumi/pulumi/pkg/v3/cmd/pulumi/leftout: a command that is not there, for the others here.
package leftout

import (
	"errors"

	"github.com/spf13/cobra"
)

// Command says what to do instead, whatever its arguments are.
func Command(name string) *cobra.Command {
	return &cobra.Command{
		Use:                name,
		Short:              "Not in the lab's engine",
		DisableFlagParsing: true,
		RunE: func(*cobra.Command, []string) error {
			return errors.New("the lab's engine is built without `pulumi " + name + "`; install the Pulumi CLI for it")
		},
	}
}
