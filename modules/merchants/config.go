package merchants

// Config of the module.
type Config struct {
	AutoApprove bool `env:"MERCHANTS_AUTO_APPROVE" envDefault:"true" doc:"whether a new merchant may sell at once; otherwise an administrator approves it first"`
}
