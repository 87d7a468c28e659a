package ses

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"

	"app/modules/emails/internal/email"
)

// verdicts are what the codes of SES mean for the e-mail. The first three are the
// documented ones of the API's SendEmail; the rest are what any Amazon service answers
// to a caller it does not know.
var verdicts = map[string]error{
	"TooManyRequestsException": email.ErrThrottled, "ThrottlingException": email.ErrThrottled, "Throttling": email.ErrThrottled,
	"LimitExceededException": email.ErrThrottled,

	"AccountSuspendedException": email.ErrBlocked, "SendingPausedException": email.ErrBlocked,
	"MailFromDomainNotVerifiedException": email.ErrBlocked, "NotFoundException": email.ErrBlocked,

	"MessageRejected": email.ErrRejected, "BadRequestException": email.ErrRejected,

	"AccessDeniedException": email.ErrBlocked, "UnrecognizedClientException": email.ErrBlocked, "InvalidClientTokenId": email.ErrBlocked,
	"InvalidSignatureException": email.ErrBlocked, "SignatureDoesNotMatch": email.ErrBlocked, "ExpiredTokenException": email.ErrBlocked,
	"MissingAuthenticationTokenException": email.ErrBlocked, "RequestExpired": email.ErrBlocked,
}

// classifySendError says what an error of SendEmail means. left reports whether the
// request may have reached SES.
func (t *Transport) classifySendError(err error, left bool) error {
	if !left {
		return fmt.Errorf("send to SES: %w: %w", email.ErrBlocked, err)
	}
	var answer *awshttp.ResponseError
	var fault smithy.APIError
	if !errors.As(err, &answer) || !errors.As(err, &fault) || answer.HTTPStatusCode() < 400 {
		return fmt.Errorf("send to SES: %w: %w", email.ErrLost, err)
	}
	meaning := t.classifyAPIError(answer.HTTPStatusCode(), fault)
	if errors.Is(meaning, email.ErrThrottled) {
		t.pace.backOff(isDailyQuotaError(fault))
	}
	if meaning == nil {
		return fmt.Errorf("send to SES: %w", err)
	}
	return fmt.Errorf("send to SES: %w: %w", meaning, err)
}

// classifyAPIError is nil for a failure of SES's own, after which the e-mail may be
// tried again.
func (t *Transport) classifyAPIError(status int, fault smithy.APIError) error {
	if t.unverifiedSender(fault) {
		return email.ErrBlocked
	}
	if meaning, ok := verdicts[fault.ErrorCode()]; ok {
		return meaning
	}
	switch {
	case status == http.StatusTooManyRequests:
		return email.ErrThrottled
	case status == http.StatusUnauthorized || status == http.StatusForbidden:
		return email.ErrBlocked
	case status < http.StatusInternalServerError:
		return email.ErrRejected
	case fault.ErrorCode() == "UnknownError":
		return email.ErrLost // not SES but something on the way has answered, maybe after SES took the e-mail
	}
	return nil
}

// unverifiedSender reports whether an e-mail was rejected for its sender, so that every
// other would be too. SES names the identities that failed; in its sandbox, recipients
// as well.
func (t *Transport) unverifiedSender(fault smithy.APIError) bool {
	text := strings.ToLower(fault.ErrorMessage())
	return fault.ErrorCode() == "MessageRejected" && strings.Contains(text, "not verified") &&
		strings.Contains(text, strings.ToLower(t.Sender.From.Address))
}

// isDailyQuotaError reports whether the quota of the day is used up, not that of the
// second.
func isDailyQuotaError(fault smithy.APIError) bool {
	return fault.ErrorCode() == "LimitExceededException" || strings.Contains(strings.ToLower(fault.ErrorMessage()), "daily")
}
