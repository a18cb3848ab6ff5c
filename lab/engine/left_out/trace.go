// In the place of github.com/pulumi/pulumi/pkg/v3/cmd/pulumi/trace: the viewer of traces.
package trace

import (
	"github.com/spf13/cobra"

	"github.com/pulumi/pulumi/pkg/v3/cmd/pulumi/leftout"
)

func NewViewTraceCmd() *cobra.Command { return leftout.Command("view-trace") }

func NewConvertTraceCmd() *cobra.Command { return leftout.Command("convert-trace") }
