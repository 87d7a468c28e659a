package service_test

import (
	"testing"

	"app/modules/merchants/internal/service"
	"app/platform/database"
	"app/platform/fault"
)

func TestFault26_MerchantsAreCalledWhatIsSeen(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, db *database.DB) {
		s := newService(db, true)
		for _, bad := range []string{"\u200b\u200b", "Pay\u200bPal", "\u202elaPyaP", "a\u2066b", "\u2800", "\u3164", "a\u00adb", "P\u034fay", "a\u2028b", "\u3000"} {
			if _, err := s.Open(as("usr_ada"), service.Draft{Name: bad}); fault.CodeOf(err) != fault.InvalidArgument {
				t.Errorf("a merchant called %+q: %v", bad, err)
			}
			if _, err := s.Open(as("usr_ada"), service.Draft{Name: "Lamps", Description: "a\u200b" + bad}); fault.CodeOf(err) != fault.InvalidArgument {
				t.Errorf("a merchant described as %+q: %v", bad, err)
			}
		}
		for _, name := range []string{"کتاب\u200cها", "山田\u3000商店", "Crème & Söhne ☕"} {
			if v := open(t, s, "usr_ada", " "+name); v.Name != name {
				t.Errorf("%+q is called %+q", name, v.Name)
			}
		}
	})
}
