package contract_test

import (
	"testing"

	"google.golang.org/protobuf/proto"

	"app/modules/merchants/internal/contract"
	"app/modules/merchants/internal/member"
	"app/modules/merchants/internal/merchant"
	"app/platform/database/dbtest"
)

// A field of an answer that nothing is put into is one that was forgotten.
func TestMessagesHaveEveryField(t *testing.T) {
	t.Parallel()
	profile := dbtest.Filled[merchant.Profile](t)
	profile.Status = merchant.Approved
	for _, made := range []proto.Message{contract.MemberMessage(dbtest.Filled[member.Standing](t)), contract.ProfileMessage(profile)} {
		message := made.ProtoReflect()
		for i := range message.Descriptor().Fields().Len() {
			if field := message.Descriptor().Fields().Get(i); !message.Has(field) {
				t.Errorf("%s is left out", field.FullName())
			}
		}
	}
}
