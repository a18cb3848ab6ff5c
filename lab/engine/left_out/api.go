// In the place of github.com/pulumi/pulumi/pkg/v3/cmd/pulumi/cloud: the API of Pulumi Cloud.
package cloud

import (
	"github.com/spf13/cobra"

	"github.com/pulumi/pulumi/pkg/v3/cmd/pulumi/leftout"
)

func NewAPICmd() *cobra.Command { return leftout.Command("api") }

// APIError is what the engine's exit code would come from.
type APIError struct {
	ExitCode int
	Silent   bool
}

func (*APIError) Error() string { return "" }
