package federation

// What tests compare with the wire.
var RenderIdentity = renderIdentity
