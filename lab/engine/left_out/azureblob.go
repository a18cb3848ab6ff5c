// In the place of gocloud.dev/blob/azureblob: azblob:// as a state backend.
package azureblob

import (
	"context"
	"errors"
	"net/url"

	"gocloud.dev/blob"
)

const Scheme = "azblob"

var errLeftOut = errors.New("the lab's engine is built without azblob://; install the Pulumi CLI for it")

func init() { blob.DefaultURLMux().RegisterBucket(Scheme, &URLOpener{}) }

type URLOpener struct {
	MakeClient        func() error
	ServiceURLOptions struct{}
}

func (*URLOpener) OpenBucketURL(context.Context, *url.URL) (*blob.Bucket, error) {
	return nil, errLeftOut
}

func NewDefaultClient() error { return errLeftOut }

func NewDefaultServiceURLOptions() *struct{} { return &struct{}{} }
