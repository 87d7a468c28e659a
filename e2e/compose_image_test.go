//go:build compose

package e2e_test

import (
	"encoding/json"
	"os/exec"
	"testing"

	"github.com/google/go-cmp/cmp"

	"app/e2e/harness/invariants"
	"app/e2e/harness/shop"
)

// maxImage is what the image may weigh, in bytes.
const maxImage = 40_000_000

// inspected is what `docker inspect` says of an image, and of a container beside that.
type inspected struct {
	Size   int64
	Config struct {
		User        string
		Entrypoint  []string
		Labels      map[string]string
		Healthcheck struct{ Test []string }
	}
	HostConfig struct {
		ReadonlyRootfs bool
		Memory         int64
		CapDrop        []string
		RestartPolicy  struct{ Name string }
		PortBindings   map[string][]struct{ HostIP string }
	}
}

func inspect(t *testing.T, id string) inspected {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "docker", "inspect", id).Output()
	if err != nil {
		t.Fatalf("docker inspect %s: %v", id, err)
	}
	var all []inspected
	if err := json.Unmarshal(out, &all); err != nil || len(all) != 1 {
		t.Fatalf("docker inspect %s: %v\n%s", id, err, out)
	}
	return all[0]
}

func imageAndContainers(t *testing.T, _ *shop.Shop) {
	image := inspect(t, setting(t, composeImage))
	t.Logf("the image has %d bytes", image.Size)
	if image.Size > maxImage {
		t.Errorf("the image has %d bytes, more than %d", image.Size, maxImage)
	}
	got := map[string]any{
		"user": image.Config.User, "entrypoint": image.Config.Entrypoint, "health": image.Config.Healthcheck.Test,
		"title": image.Config.Labels["org.opencontainers.image.title"],
	}
	want := map[string]any{
		"user": "10001:10001", "entrypoint": []string{"/app"}, "health": []string{"CMD", "/app", "health"}, "title": "souk",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("image (-want +got):\n%s", diff)
	}
	for _, name := range []string{"description", "version", "revision"} {
		if image.Config.Labels["org.opencontainers.image."+name] == "" {
			t.Errorf("the image has no label for its %s", name)
		}
	}
	for _, service := range append([]string{"gateway"}, invariants.Modules...) {
		c := inspect(t, compose(t, "ps", "--quiet", service))
		if c.Config.User != "10001:10001" || !c.HostConfig.ReadonlyRootfs || c.HostConfig.Memory == 0 ||
			!cmp.Equal(c.HostConfig.CapDrop, []string{"ALL"}) || c.HostConfig.RestartPolicy.Name != "unless-stopped" {
			t.Errorf("%s runs as %s with %+v", service, c.Config.User, c.HostConfig)
		}
		for port, bindings := range c.HostConfig.PortBindings {
			for _, b := range bindings {
				if b.HostIP != "127.0.0.1" {
					t.Errorf("%s publishes %s on %q", service, port, b.HostIP)
				}
			}
		}
	}
}
