package rpctest_test

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"
	"google.golang.org/protobuf/types/known/timestamppb"
	"pgregory.net/rapid"

	"app/platform/fault"
	"app/platform/money/moneyv1"
	"app/platform/rpc"
	"app/platform/rpc/rpctest"
	"app/platform/rpc/rpctest/parityv1"
)

func TestRequestIsCopied(t *testing.T) {
	t.Parallel()
	rpctest.Each(t, func(t *testing.T, way rpctest.Way) {
		r := newRow(t, way, rpc.Options{})
		r.act = func(_ context.Context, req *parityv1.ActRequest) (*parityv1.ActResponse, error) {
			req.Text = "changed"
			req.Data[0] = 'X'
			req.Every.Inner.AString = "changed"
			req.Every.Labels["a"] = "changed"
			req.Every.Strings[0] = "changed"
			req.Every.Every[0].AString = "changed"
			return &parityv1.ActResponse{}, nil
		}
		request := &parityv1.ActRequest{Text: "a", Data: []byte("a"), Every: &parityv1.Every{
			Inner: &parityv1.Every{AString: "a"}, Labels: map[string]string{"a": "a"}, Strings: []string{"a"},
			Every: []*parityv1.Every{{AString: "a"}},
		}}
		want := proto.Clone(request)
		if _, err := r.client.Act(context.Background(), request); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, request, protocmp.Transform()); diff != "" {
			t.Errorf("the callee changed its caller's request, -want +got\n%s", diff)
		}
	})
}

func TestResponseIsCopied(t *testing.T) {
	t.Parallel()
	rpctest.Each(t, func(t *testing.T, way rpctest.Way) {
		r := newRow(t, way, rpc.Options{})
		cached := &parityv1.ActResponse{Text: "cached", Data: []byte("cached"), Every: &parityv1.Every{AString: "cached"}}
		want := proto.Clone(cached)
		r.act = func(context.Context, *parityv1.ActRequest) (*parityv1.ActResponse, error) { return cached, nil }
		got, err := r.client.Act(context.Background(), &parityv1.ActRequest{})
		if err != nil {
			t.Fatal(err)
		}
		var both sync.WaitGroup // the race detector watches
		both.Go(func() { got.Text, got.Data[0], got.Every.AString = "mine", 'X', "mine" })
		both.Go(func() { cached.Text, cached.Data[1], cached.Every.AString = "cached", 'a', "cached" })
		both.Wait()
		if diff := cmp.Diff(want, cached, protocmp.Transform()); diff != "" {
			t.Errorf("the caller changed what the callee keeps, -want +got\n%s", diff)
		}
	})
}

func TestNilMessagesAreEmpty(t *testing.T) {
	t.Parallel()
	rpctest.Each(t, func(t *testing.T, way rpctest.Way) {
		r := newRow(t, way, rpc.Options{})
		r.act = func(_ context.Context, req *parityv1.ActRequest) (*parityv1.ActResponse, error) {
			if req == nil {
				t.Error("the callee got a nil request")
			}
			return nil, nil //nolint:nilnil // this is what is tested
		}
		got, err := r.client.Act(context.Background(), nil)
		if err != nil || got == nil {
			t.Errorf("got %v, %v, want an empty response", got, err)
		}
	})
}

func TestMessageLimits(t *testing.T) {
	t.Parallel()
	// One byte more for each of the field's tag and four of length.
	fits, over := strings.Repeat("x", rpc.MaxMessage-5), strings.Repeat("x", rpc.MaxMessage-4)
	cases := map[string]struct {
		request, response string
		code              fault.Code // empty: OK
		reason            string
		executed          bool
	}{
		"RequestFits":        {request: fits, executed: true},
		"ResponseFits":       {response: fits, executed: true},
		"RequestOverLimit":   {request: over, code: fault.ResourceExhausted, reason: "message_too_large"},
		"ResponseOverLimit":  {response: over, code: fault.ResourceExhausted, reason: "message_too_large", executed: true},
		"RequestNotUTF8":     {request: "a\xffb", code: fault.InvalidArgument, reason: "invalid_message"},
		"ResponseNotUTF8":    {response: "a\xffb", code: fault.Internal, reason: "invalid_message", executed: true},
		"RequestLongNotUTF8": {request: "\xff" + over, code: fault.InvalidArgument, reason: "invalid_message"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rpctest.Each(t, func(t *testing.T, way rpctest.Way) {
				r := newRow(t, way, rpc.Options{})
				executed := false
				r.act = func(_ context.Context, req *parityv1.ActRequest) (*parityv1.ActResponse, error) {
					executed = true
					if req.GetText() != tc.request {
						t.Error("another request arrived")
					}
					return &parityv1.ActResponse{Text: tc.response}, nil
				}
				got, err := r.client.Act(context.Background(), &parityv1.ActRequest{Text: tc.request})
				switch {
				case tc.code != "":
					wantCall(t, err, fault.CallError{Method: "Act", Code: tc.code, Reason: tc.reason})
				case err != nil || got.GetText() != tc.response:
					t.Errorf("failed: %v", err)
				}
				if executed != tc.executed {
					t.Errorf("executed: %v", executed)
				}
			})
		})
	}
}

// A message arrives as encoding and decoding make it, on both ways.
func TestMessagesArriveAsEncoded(t *testing.T) {
	t.Parallel()
	rpctest.Each(t, func(t *testing.T, way rpctest.Way) {
		r := newRow(t, way, rpc.Options{})
		var got *parityv1.Every
		r.act = func(_ context.Context, req *parityv1.ActRequest) (*parityv1.ActResponse, error) {
			got = req.GetEvery()
			return &parityv1.ActResponse{Every: req.GetEvery()}, nil
		}
		rapid.Check(t, func(rt *rapid.T) {
			sent := drawEvery(rt, 2)
			want := wireCopy(rt, sent)
			response, err := r.client.Act(context.Background(), &parityv1.ActRequest{Every: sent})
			if err != nil {
				rt.Fatal(err)
			}
			if diff := cmp.Diff(want, got, protocmp.Transform()); diff != "" {
				rt.Fatalf("request, -want +got\n%s", diff)
			}
			if diff := cmp.Diff(want, response.GetEvery(), protocmp.Transform()); diff != "" {
				rt.Fatalf("response, -want +got\n%s", diff)
			}
		})
	})
}

func wireCopy(t *rapid.T, m *parityv1.Every) *parityv1.Every {
	b, err := proto.Marshal(&parityv1.ActRequest{Every: m})
	if err != nil {
		t.Fatal(err)
	}
	out := &parityv1.ActRequest{}
	if err := proto.Unmarshal(b, out); err != nil {
		t.Fatal(err)
	}
	return out.GetEvery()
}

// drawEvery draws a message with fields of every kind, nested to the depth.
func drawEvery(t *rapid.T, depth int) *parityv1.Every {
	if rapid.Float64().Draw(t, "absent") < 0.2 {
		return nil
	}
	m := &parityv1.Every{
		ADouble: rapid.Float64().Draw(t, "double"), AFloat: rapid.Float32().Draw(t, "float"),
		AnInt32: rapid.Int32().Draw(t, "int32"), AnInt64: rapid.Int64().Draw(t, "int64"),
		AUint32: rapid.Uint32().Draw(t, "uint32"), AUint64: rapid.Uint64().Draw(t, "uint64"),
		ASint32: rapid.Int32().Draw(t, "sint32"), ASint64: rapid.Int64().Draw(t, "sint64"),
		AFixed32: rapid.Uint32().Draw(t, "fixed32"), AFixed64: rapid.Uint64().Draw(t, "fixed64"),
		ASfixed32: rapid.Int32().Draw(t, "sfixed32"), ASfixed64: rapid.Int64().Draw(t, "sfixed64"),
		ABool: rapid.Bool().Draw(t, "bool"), AString: rapid.String().Draw(t, "string"),
		SomeBytes: drawBytes(t), MaybeBytes: drawBytes(t), Colour: parityv1.Colour(rapid.Int32().Draw(t, "colour")),
		Strings: rapid.SliceOfN(rapid.String(), 0, 3).Draw(t, "strings"), Numbers: rapid.SliceOfN(rapid.Int64(), 0, 3).Draw(t, "numbers"),
		ByteStrings: [][]byte{drawBytes(t)}, Colours: []parityv1.Colour{parityv1.Colour_COLOUR_RED, 7},
		Labels: rapid.MapOfN(rapid.String(), rapid.String(), 0, 3).Draw(t, "labels"),
		Blobs:  map[string][]byte{"": drawBytes(t)}, Palette: map[bool]parityv1.Colour{true: parityv1.Colour_COLOUR_RED},
	}
	drawOptional(t, m)
	drawChoice(t, m)
	if rapid.Bool().Draw(t, "unknown") {
		m.ProtoReflect().SetUnknown(protowire.AppendVarint(protowire.AppendTag(nil, 1000, protowire.VarintType), 7))
	}
	if depth > 0 {
		m.Inner = drawEvery(t, depth-1)
		m.Every = []*parityv1.Every{drawEvery(t, depth-1), drawEvery(t, depth-1)}
		m.Children = map[int64]*parityv1.Every{1: drawEvery(t, depth-1)}
	}
	return m
}

func drawBytes(t *rapid.T) []byte {
	if rapid.Bool().Draw(t, "nil") {
		return nil
	}
	return rapid.SliceOfN(rapid.Byte(), 0, 4).Draw(t, "bytes")
}

func drawOptional(t *rapid.T, m *parityv1.Every) {
	if !rapid.Bool().Draw(t, "optional") {
		return
	}
	m.MaybeString, m.MaybeInt64 = proto.String(rapid.String().Draw(t, "maybe")), proto.Int64(0)
	m.MaybeColour = parityv1.Colour_COLOUR_UNSPECIFIED.Enum()
	m.At, m.Times = timestamppb.New(time.Unix(1, 2)), []*timestamppb.Timestamp{nil, timestamppb.New(time.Unix(3, 4))}
	m.Money, m.Nested = &moneyv1.Money{Amount: -1, Currency: "EUR"}, &parityv1.Every_Nested{Text: "a"}
	m.Money.ProtoReflect().SetUnknown(protowire.AppendVarint(protowire.AppendTag(nil, 99, protowire.VarintType), 7))
}

func drawChoice(t *rapid.T, m *parityv1.Every) {
	switch rapid.IntRange(0, 6).Draw(t, "choice") {
	case 0:
		m.Choice = &parityv1.Every_ChoiceText{ChoiceText: rapid.String().Draw(t, "text")}
	case 1:
		m.Choice = &parityv1.Every_ChoiceBytes{ChoiceBytes: drawBytes(t)}
	case 2:
		m.Choice = &parityv1.Every_ChoiceNumber{ChoiceNumber: rapid.Int64().Draw(t, "number")}
	case 3:
		m.Choice = &parityv1.Every_ChoiceHint{ChoiceHint: &parityv1.Hint{Text: "a"}}
	case 4:
		m.Choice = &parityv1.Every_ChoiceHint{}
	case 5:
		m.Choice = (*parityv1.Every_ChoiceHint)(nil)
	}
}

// However a message comes to its size, both ways draw the line at the same byte.
func TestMessageLimitByShape(t *testing.T) {
	t.Parallel()
	shapes := map[string]func(n int) *parityv1.Every{
		"Numbers": func(n int) *parityv1.Every { return &parityv1.Every{Numbers: slices.Repeat([]int64{-1}, n)} },
		"Strings": func(n int) *parityv1.Every { return &parityv1.Every{Strings: slices.Repeat([]string{"0123456789"}, n)} },
		"Colours": func(n int) *parityv1.Every {
			return &parityv1.Every{Colours: slices.Repeat([]parityv1.Colour{-1}, n)}
		},
		"Messages": func(n int) *parityv1.Every {
			return &parityv1.Every{Every: slices.Repeat([]*parityv1.Every{{AnInt32: -1, AFixed64: 1, MaybeInt64: proto.Int64(-1)}}, n)}
		},
		"Map": func(n int) *parityv1.Every {
			m := &parityv1.Every{Blobs: map[string][]byte{}}
			for i := range n {
				m.Blobs[strconv.Itoa(1e6+i)] = nil
			}
			return m
		},
	}
	for name, shape := range shapes {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			size := func(n int) int { return proto.Size(&parityv1.ActRequest{Every: shape(n)}) }
			most := rpc.MaxMessage * 1000 / (size(101_000) - size(100_000))
			for size(most) > rpc.MaxMessage {
				most--
			}
			for size(most+1) <= rpc.MaxMessage {
				most++
			}
			rpctest.Each(t, func(t *testing.T, way rpctest.Way) {
				r := newRow(t, way, rpc.Options{Timeout: time.Minute}) // some are slow to read, on a busy machine
				r.act = func(context.Context, *parityv1.ActRequest) (*parityv1.ActResponse, error) {
					return &parityv1.ActResponse{}, nil
				}
				if _, err := r.client.Act(context.Background(), &parityv1.ActRequest{Every: shape(most)}); err != nil {
					t.Errorf("%d elements: %v", most, err)
				}
				_, err := r.client.Act(context.Background(), &parityv1.ActRequest{Every: shape(most + 1)})
				wantCall(t, err, fault.CallError{Method: "Act", Code: fault.ResourceExhausted, Reason: "message_too_large"})
			})
		})
	}
}
