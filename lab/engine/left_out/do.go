// In the place of github.com/pulumi/pulumi/pkg/v3/cmd/pulumi/do: single operations of a provider.
package do

import (
	"errors"

	"github.com/spf13/cobra"
)

func NewDoCmd(...any) *cobra.Command { return leftOut("do") }

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

func DefaultRunStatefulUpdate() {}
