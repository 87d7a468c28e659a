package letters

// Defuse is for tests.
var Defuse = preventAutoLinks
