// In the place of gocloud.dev/blob/gcsblob: gs:// as a state backend, which the engine opens by way of authhelpers.
package gcsblob

import (
	"context"
	"errors"
	"net/url"

	"gocloud.dev/blob"
)

const Scheme = "gs"

type opener struct{}

func init() { blob.DefaultURLMux().RegisterBucket(Scheme, opener{}) }

func (opener) OpenBucketURL(context.Context, *url.URL) (*blob.Bucket, error) {
	return nil, errors.New("the lab's engine is built without gs://; install the Pulumi CLI for it")
}
