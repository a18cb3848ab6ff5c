// In the place of github.com/pulumi/pulumi/pkg/v3/cmd/pulumi/insights: accounts and search of Pulumi Cloud.
package insights

import (
	"github.com/spf13/cobra"

	"github.com/pulumi/pulumi/pkg/v3/cmd/pulumi/leftout"
)

func NewInsightsCmd() *cobra.Command { return leftout.Command("insights") }
