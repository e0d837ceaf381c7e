// descriptor_check on any descriptor: what it lets through has its ranges in the window, outside
// the ring and apart from what is written, its pages among PAGES, and sizes above 0. The check may
// begin with anything in its registers; it is over after 21 cycles, so a bound of 24 covers it.
//
// Sizes of tensors are reduced to 7 images, rows and columns, 7 rows and columns of a kernel, and 15
// channels and outputs; window words and all other words may be anything. With these sizes no
// product reaches the limit at which shape_check saturates.
`default_nettype none

module descriptor_check_formal (
  input wire clk_i

);

  localparam [31:0] WINDOW = 32'd256, RING = 32'd128, PAGES = 32'd2, ROWS = 32'd4, COLS = 32'd4;
  localparam [31:0] MAX_OUTPUTS = 32'd8, MAX_INPUTS = 32'd16, IMAGE = 32'd8, TABLES = 32'd22;

  (* anyconst *) reg [511:0] words;
  (* anyconst *) reg [2:0]   state;   // of the pages

  // Cleared in cycle 0, started in cycle 1.
  reg [4:0] cycle = 5'd0;
  reg       ended = 1'b0;
  always @(posedge clk_i) begin
    if (cycle != 5'd31) cycle <= cycle + 5'd1;
    if (done && cycle > 5'd1) ended <= 1'b1;
  end

  function [31:0] word;
    input [3:0] index;
    word = words[32*index +: 32];
  endfunction

  reg [15:0] nonzero;
  integer i;
  always @* for (i = 0; i < 16; i = i + 1) nonzero[i] = words[32*i +: 32] != 32'd0;

  wire       done;
  wire [3:0] error;

  descriptor_check dut (
    .clk_i(clk_i), .rst_ni(1'b1), .clear_i(cycle == 5'd0), .start_i(cycle == 5'd1),
    .words_i(words), .nonzero_i(nonzero),
    .page_empty_i(state[0]), .page_programmed_i(state[1]), .pages_runnable_i(state[2]),
    .done_o(done), .error_o(error)
  );

  // The same words under one of the four opcodes over tensors, with small sizes.
  wire [1:0]   kind = words[1:0];
  wire [31:0]  mode   = word(8) & 32'h0007FFFF, size = word(9) & 32'h00070007;
  wire [31:0]  depth  = word(10) & 32'h000F000F, kernel = word(12) & 32'h07070707;
  wire [31:0]  places = word(11) & 32'h00070007;
  wire [511:0] tensor_words = {words[511:416], kernel, places, depth, size, mode, words[255:32],
                               30'd2, kind};
  reg  [15:0]  tensor_nonzero;
  always @* for (i = 0; i < 16; i = i + 1) tensor_nonzero[i] = tensor_words[32*i +: 32] != 32'd0;

  wire         tensor_done;
  wire [3:0]   tensor_error;

  descriptor_check tensor (
    .clk_i(clk_i), .rst_ni(1'b1), .clear_i(cycle == 5'd0), .start_i(cycle == 5'd1),
    .words_i(tensor_words), .nonzero_i(tensor_nonzero),
    .page_empty_i(state[0]), .page_programmed_i(state[1]), .pages_runnable_i(state[2]),
    .done_o(tensor_done), .error_o(tensor_error)
  );

  // --- Lengths -----------------------------------------------------------------------------------

  function [20:0] in_words;   // a length in bytes
    input [20:0] value;
    in_words = (value + 21'd3) >> 2;
  endfunction

  function [18:0] limited;
    input [31:0] value;
    limited = (value > WINDOW) ? 19'd257 : value[18:0];
  endfunction

  // Words 8 to 12 of an opcode over tensors as docs/hardware.md has them.
  wire        convolve = kind == 2'd0, add = kind == 2'd3, pool = !convolve && !add;
  wire [31:0] result   = add ? size : places;
  wire [15:0] outputs  = convolve ? depth[31:16] : depth[15:0];
  wire        has_table = mode[9], logits = mode[10], adds = mode[11], stores = mode[12];

  wire [20:0] bytes    = size[2:0] * size[18:16] * depth[3:0];
  wire [20:0] read     = in_words(bytes) * mode[18:16];
  wire [20:0] elements = result[2:0] * result[18:16] * outputs[3:0];
  wire [20:0] made     = (logits ? elements : in_words(elements)) * mode[18:16];
  wire [20:0] sums     = elements * mode[18:16];
  wire [20:0] vector   = kernel[2:0] * kernel[10:8] * depth[3:0];
  wire [20:0] block    = 21'd3 + (has_table ? 21'd64 : 21'd0) +
                         (convolve ? {4'd0, outputs, 1'b0} : 21'd4);
  wire [20:0] pixel    = in_words({5'd0, depth[15:0]});
  wire [37:0] vectors_read = limited(word(7)) * limited(word(4));
  wire [37:0] vectors_made = limited(word(7)) * limited(word(6));

  function lies;   // a range in the window, behind the ring
    input [31:0] base;
    input [37:0] length;
    lies = base >= RING && base <= WINDOW && length <= {6'd0, WINDOW - base};
  endfunction

  function apart;
    input [31:0] base;
    input [20:0] length;
    input [31:0] other;
    input [20:0] other_length;
    apart = {1'b0, base} + {12'd0, length} <= {1'b0, other} ||
            {1'b0, other} + {12'd0, other_length} <= {1'b0, base};
  endfunction

  wire [31:0] target      = stores ? word(7) : word(5);
  wire [20:0] target_size = stores ? sums : made;

  function clear_of;   // a range that is read: in the window, and not written
    input [31:0] base;
    input [20:0] length;
    clear_of = lies(base, {17'd0, length}) && apart(base, length, target, target_size);
  endfunction

  wire       good   = done && error == 4'd0 && cycle > 5'd1;
  wire       shaped = tensor_done && tensor_error == 4'd0 && cycle > 5'd1;
  wire       layer  = word(0) == 32'd6;
  wire       runs   = layer || word(0) == 32'd8;
  wire       moves  = word(0) == 32'd1 || word(0) == 32'd2 || word(0) == 32'd4;
  wire       tables = word(0) == 32'd3;
  wire       inl    = word(0) == 32'd7;
  wire       writes = word(0) == 32'd12;
  wire [20:0] records = word(3) * word(4) * 32'd3;   // rows and columns are at most 4
  wire [3:0] bits   = mode[3:0];

  always @* begin
    ends:     assert (cycle <= 5'd21 || ended);
    opcodes:  assert (!good || word(0) <= 32'd12);
    pages:    assert (!good || word(0) == 32'd0 || (word(0) >= 32'd9 && !writes) || word(1) < PAGES);
    counts:   assert (!good || !runs ||
                      (word(2) != 32'd0 && word(2) <= PAGES && word(1) + word(2) <= PAGES));
    images:   assert (!good || !moves || lies(word(2), {6'd0, IMAGE}));
    tabled:   assert (!good || !tables || (lies(word(2), {6'd0, TABLES}) && word(3) != 32'd0 &&
                      word(3) <= ROWS && word(4) != 32'd0 && word(4) <= COLS));
    pulsed:   assert (!good || !writes || (word(3) != 32'd0 && word(4) != 32'd0 &&
                      word(3) <= ROWS && word(4) <= COLS && word(6) <= ROWS - word(3) &&
                      word(7) <= COLS - word(4)));
    cells:    assert (!good || !writes || (lies(word(2), {17'd0, records}) &&
                      lies(word(8), 38'd5) && lies(word(9), 38'd8) &&
                      apart(word(2), records, word(8), 21'd5) &&
                      apart(word(2), records, word(9), 21'd8) &&
                      apart(word(8), 21'd5, word(9), 21'd8)));
    inls:     assert (!good || !inl || word(3) == 32'd0 ||
                      (word(3) == 32'd1 && lies(word(2), 38'd64)));
    layers:   assert (!good || !layer || (word(7) != 32'd0 && word(7) <= WINDOW &&
                      word(4) != 32'd0 && word(4) <= WINDOW && word(6) != 32'd0 &&
                      word(6) <= MAX_OUTPUTS && word(8) != 32'd0 && word(8) <= 32'd8));
    vectors:  assert (!good || !layer || (lies(word(3), vectors_read) &&
                      lies(word(5), vectors_made) &&
                      apart(word(3), vectors_read[20:0], word(5), vectors_made[20:0])));
    sizes:    assert (!shaped || (mode[31:16] != 16'd0 && size[15:0] != 16'd0 &&
                      size[31:16] != 16'd0 && depth[15:0] != 16'd0 && outputs != 16'd0 &&
                      result[15:0] != 16'd0 && result[31:16] != 16'd0));
    kernels:  assert (!shaped || add || (kernel[7:0] != 8'd0 &&
                      kernel[15:8] != 8'd0 && kernel[23:16] != 8'd0 && kernel[31:24] != 8'd0));
    crossbar: assert (!shaped || !convolve || ({16'd0, outputs} <= MAX_OUTPUTS && bits != 4'd0 &&
                      bits <= 4'd8 && {11'd0, vector} <= MAX_INPUTS));
    written:  assert (!shaped || lies(target, {17'd0, target_size}));
    tensors:  assert (!shaped || clear_of(word(3), read));
    second:   assert (!shaped || !add || clear_of(word(4), read));
    padding:  assert (!shaped || !convolve || clear_of(word(4), pixel));
    blocks:   assert (!shaped || stores || clear_of(word(6), block));
    running:  assert (!shaped || !adds || !convolve || stores || clear_of(word(7), sums));
    flags:    assert (!shaped || (!(has_table && logits) && !(stores && (has_table || logits)) &&
                      (convolve || (!adds && !stores))));
    unused:   assert (!shaped || (!(add && (tensor_nonzero & 16'hF886) != 16'd0) &&
                                  !(pool && (tensor_nonzero & 16'hC086) != 16'd0)));
    ready:    assert (!good || ((!runs || state[2]) &&
                      (word(0) != 32'd5 || state[1]) &&
                      ((word(0) != 32'd2 && !writes) || !state[0])));
  end

endmodule

`default_nettype wire
