// In the place of github.com/pulumi/pulumi/pkg/v3/cmd/pulumi/schemainfo, its description.go: Markdown on a terminal.
package schemainfo

func RenderDescription(comment string) string { return comment }
