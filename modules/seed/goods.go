package seed

import "fmt"

// stall is a merchant and what its range is made of: every kind in every variant, cut
// off at count.
type stall struct {
	slug, name, owner, prefix string
	count                     int
	kinds                     []kind
	variants                  []string
}

// kind is one kind of thing, with its price in cents in the plainest variant.
type kind struct {
	name, description string
	price             int64
}

// product is a product to be.
type product struct {
	sku, title, description string
	price, stock            int64
}

// stalls come to 200 products.
var stalls = []stall{
	{
		slug: "lamp-lane", name: "Lamp Lane", owner: "Leyla", prefix: "LMP", count: 70,
		kinds: []kind{
			{"table lamp", "Hand-blown glass on a brass foot; takes an E14 bulb.", 4900},
			{"lantern", "Pierced metal that throws a pattern on the wall.", 3900},
			{"floor lamp", "Stands 150 cm tall and folds flat for the move.", 11900},
			{"wall light", "A warm light that needs two screws and no electrician.", 5900},
			{"candle holder", "Heavy enough not to mind the cat.", 1490},
			{"string of lights", "Ten metres, forty lights, one plug.", 2490},
			{"reading light", "Clamps to a shelf and turns in every direction.", 3290},
		},
		variants: []string{"Amber", "Cobalt", "Emerald", "Ruby", "Pearl", "Smoke", "Copper", "Brass", "Rose", "Clear"},
	},
	{
		slug: "spice-row", name: "Spice Row", owner: "Selim", prefix: "SPC", count: 70,
		kinds: []kind{
			{"saffron, 1 g", "Threads, picked by hand in October.", 890},
			{"cumin, 100 g", "Whole seed; toast it before you grind it.", 320},
			{"sumac, 100 g", "Sour and red; goes on everything.", 450},
			{"za'atar, 100 g", "Thyme, sesame and sumac, mixed this week.", 490},
			{"black pepper, 100 g", "Sun-dried berries with a long finish.", 520},
			{"cinnamon, 5 sticks", "True cinnamon, thin as paper.", 390},
			{"cardamom, 50 g", "Green pods for coffee and for rice.", 780},
		},
		variants: []string{"Garden", "Mountain", "Market", "Smoked", "Wild", "Harvest", "Early", "Late", "Reserve", "Kitchen"},
	},
	{
		slug: "weavers-yard", name: "Weavers' Yard", owner: "Wanda", prefix: "WVR", count: 60,
		kinds: []kind{
			{"wool rug, 120 x 180", "Flat-woven and the same on both sides.", 18900},
			{"cushion cover", "45 cm square, with a zip that lasts.", 2900},
			{"linen towel", "Soft from the first day, better every year.", 1890},
			{"cotton throw", "For the sofa now and the lawn in summer.", 4900},
			{"felt slippers", "Made warm without seams.", 3490},
			{"table runner", "40 x 140 cm, hemmed by hand.", 2690},
		},
		variants: []string{"Indigo", "Madder", "Walnut", "Saffron", "Sage", "Charcoal", "Natural", "Terracotta", "Olive", "Plum"},
	},
}

// generateProducts lists the stall's range, the same each time.
func (s stall) generateProducts() []product {
	var out []product
	for i, k := range s.kinds {
		for j, v := range s.variants {
			if len(out) == s.count {
				return out
			}
			n := int64(i*len(s.variants) + j)
			out = append(out, product{
				sku:   fmt.Sprintf("%s-%03d", s.prefix, n+1),
				title: v + " " + k.name, description: k.description,
				price: k.price + 50*int64(j), stock: 5 + 7*n%40,
			})
		}
	}
	return out
}
