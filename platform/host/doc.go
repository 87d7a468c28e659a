// Package host assembles a process out of modules: it plans which of them are hosted
// here, which edges between them are local calls and which go to another process,
// reports everything that is missing at once and by name, and then starts, serves,
// drains and stops. No module knows more of it than Env and the interfaces it
// implements.
package host
