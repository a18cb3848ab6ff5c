// In the place of github.com/pulumi/pulumi/pkg/v3/cmd/pulumi/trace: the viewer of traces.
package trace

import (
	"errors"

	"github.com/spf13/cobra"
)

func NewViewTraceCmd() *cobra.Command { return leftOut("view-trace") }

func NewConvertTraceCmd() *cobra.Command { return leftOut("convert-trace") }

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
