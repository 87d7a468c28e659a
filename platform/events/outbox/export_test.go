package outbox

// SeqCondition is seqCondition.
var SeqCondition = seqCondition
