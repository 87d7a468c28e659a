package session

// What tests compare with the wire.
var RenderSession = renderSession
