// Package reason declares the public codes of the module, each once.
package reason

import (
	"app/modules/merchants/merchantsv1"
	"app/platform/fault"
)

// Of e-mails.
var (
	// EmailNotFound hides an e-mail from everybody but the one who had it written.
	EmailNotFound = fault.Reason{
		Kind: fault.NotFound, Code: "letter_not_found", Detail: "There is no such e-mail.",
		Title: "No such e-mail", Help: "The e-mail does not exist, or is not yours.",
	}
	// MerchantRate says that a budget of whoever writes is spent.
	MerchantRate = fault.Reason{
		Kind: fault.ResourceExhausted, Code: "merchant_rate",
		Title: "Too many e-mails",
		Help: "The e-mails of this hour are used up: the merchant's, those of its owner's merchants together, or those of your network. " +
			"Try again after Retry-After seconds.",
	}
	// RecipientRate says that the budget of whom it is to reach is spent.
	RecipientRate = fault.Reason{
		Kind: fault.ResourceExhausted, Code: "recipient_rate",
		Title: "The recipient has had enough",
		Help:  "An address gets so many e-mails a day from merchants together. Try again after Retry-After seconds.",
	}
	// NotRetryable is what only the command line says.
	NotRetryable = fault.Reason{
		Kind: fault.FailedPrecondition, Code: "not_retryable",
		Detail: "The e-mail has not failed, may have been sent, or its content is erased.",
	}
)

// SuppressionNotFound says that nothing keeps e-mails from the address.
var SuppressionNotFound = fault.Reason{
	Kind: fault.NotFound, Code: "suppression_not_found", Detail: "There is no such suppression.",
	Title: "Not suppressed", Help: "E-mails are sent to this address.",
}

// Of what Amazon SNS sends.
var (
	TopicNotAccepted = fault.Reason{
		Kind: fault.PermissionDenied, Code: "topic_not_accepted", Detail: "The topic is not one that this shop listens to.",
		Title: "Topic not accepted", Help: "List the topic in EMAIL_SES_TOPICS.",
	}
	NoticeStale = fault.Reason{
		Kind: fault.Unauthenticated, Code: "notice_stale", Detail: "The message is too old, or from the future.",
		Title: "Too old", Help: "The message is older than EMAIL_SES_NOTICE_AGE, or from the future: look at the clock.",
	}
	// CertificateUnavailable is repeated by whoever sends: the signature may be good.
	CertificateUnavailable = fault.Reason{
		Kind: fault.Unavailable, Code: "certificate_unavailable", Detail: "The signature cannot be checked now.",
		Title: "Certificate unavailable", Help: "The certificate of the signature cannot be fetched now. Send the message again later.",
	}
)

// All lists the module's reasons for the page of problems, those of contracts with
// them.
func All() []fault.Reason {
	return []fault.Reason{
		EmailNotFound, merchantsv1.MerchantNotApproved, MerchantRate, RecipientRate,
		SuppressionNotFound,
		TopicNotAccepted, NoticeStale, CertificateUnavailable,
	}
}
