package ses

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/sesv2"
)

// client holds the operations of SES that are used, and not the SDK's client itself:
// templates (text/template) call methods by name, so the linker keeps every method of a
// type that a field or an interface shows to reflection, and here that would be a
// hundred operations more.
type client struct {
	sendEmail           operation[sesv2.SendEmailInput, sesv2.SendEmailOutput]
	getAccount          operation[sesv2.GetAccountInput, sesv2.GetAccountOutput]
	getEmailIdentity    operation[sesv2.GetEmailIdentityInput, sesv2.GetEmailIdentityOutput]
	createEmailIdentity operation[sesv2.CreateEmailIdentityInput, sesv2.CreateEmailIdentityOutput]
	createEmailTemplate operation[sesv2.CreateEmailTemplateInput, sesv2.CreateEmailTemplateOutput]
	updateEmailTemplate operation[sesv2.UpdateEmailTemplateInput, sesv2.UpdateEmailTemplateOutput]
}

type operation[In, Out any] func(context.Context, *In, ...func(*sesv2.Options)) (*Out, error)

func newClient(sdk *sesv2.Client) client {
	return client{
		sendEmail: sdk.SendEmail, getAccount: sdk.GetAccount,
		getEmailIdentity: sdk.GetEmailIdentity, createEmailIdentity: sdk.CreateEmailIdentity,
		createEmailTemplate: sdk.CreateEmailTemplate, updateEmailTemplate: sdk.UpdateEmailTemplate,
	}
}
