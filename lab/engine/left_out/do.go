// In the place of github.com/pulumi/pulumi/pkg/v3/cmd/pulumi/do: single operations of a provider.
package do

import (
	"github.com/spf13/cobra"

	"github.com/pulumi/pulumi/pkg/v3/cmd/pulumi/leftout"
)

func NewDoCmd(...any) *cobra.Command { return leftout.Command("do") }

func DefaultRunStatefulUpdate() {}
