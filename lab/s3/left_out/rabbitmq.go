// In the place of github.com/versity/versitygw/s3event, its rabbitmq.go: events told to RabbitMQ.
package s3event

import "errors"

func InitRabbitmqEventService(_, _, _ string, _ EventFilter) (S3EventSender, error) {
	return nil, errors.New("the lab's S3 server is built without RabbitMQ")
}
