// In the place of github.com/aws/aws-sdk-go-v2/service/s3: what the state backend looks at when it copies within s3://.
package s3

type CopyObjectInput struct{ CopySource *string }
