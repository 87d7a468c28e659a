package template

// Defuse is for tests.
var Defuse = preventAutoLinks
