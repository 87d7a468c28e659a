package ses

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sesv2"
	"github.com/aws/aws-sdk-go-v2/service/sesv2/types"

	"app/modules/emails/internal/template"
)

func (t *Transport) templateName(name, locale string) string {
	return t.TemplatePrefix + name + "_" + locale
}

// Push stores a template in SES, or brings the stored one up to date. It returns its
// name there.
func (t *Transport) Push(ctx context.Context, source template.Template, locale string) (name string, err error) {
	stored, err := source.Handlebars(locale)
	if err != nil {
		return "", err
	}
	name = t.templateName(source.Name, locale)
	content := &types.EmailTemplateContent{Subject: aws.String(stored.Subject), Text: aws.String(stored.Text), Html: aws.String(stored.HTML)}
	_, err = t.client.updateEmailTemplate(ctx, &sesv2.UpdateEmailTemplateInput{TemplateName: aws.String(name), TemplateContent: content})
	var missing *types.NotFoundException
	if errors.As(err, &missing) {
		_, err = t.client.createEmailTemplate(ctx, &sesv2.CreateEmailTemplateInput{TemplateName: aws.String(name), TemplateContent: content})
	}
	if err != nil {
		return "", fmt.Errorf("store template %s in SES: %w", name, err)
	}
	return name, nil
}
