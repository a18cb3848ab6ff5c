// In the place of github.com/versity/versitygw/cmd/internal/gwcli, its azure.go: a gateway to Azure's blobs.
package gwcli

import (
	"errors"

	"github.com/urfave/cli/v2"
)

func AzureCommand() *cli.Command {
	return &cli.Command{Name: "azure", Action: func(*cli.Context) error {
		return errors.New("the lab's S3 server is built without azure")
	}}
}
