// descriptor_check on any descriptor: what it lets through has its ranges in the window, outside
// the ring and apart from what is written, its pages among PAGES, and sizes above 0. The check may
// begin with anything in its registers; it is over after 21 cycles, so a bound of 24 covers it.
//
// Lengths are products that stop at BEYOND, more than the bytes of any window. As min(min(a, B) * b,
// B) = min(a * b, B), and as BEYOND bytes are more words than any window has, a range that lies in
// the window has the length that the exact product gives.
`default_nettype none

module descriptor_check_formal (
  input wire clk_i

);

  localparam [31:0] WINDOW = 32'd256, RING = 32'd128, PAGES = 32'd2, ROWS = 32'd4, COLS = 32'd4;
  localparam [31:0] MAX_OUTPUTS = 32'd8, MAX_INPUTS = 32'd16, IMAGE = 32'd8, TABLES = 32'd22;
  localparam [20:0] BEYOND = 21'h100001;

  (* anyconst *) reg [511:0] words;
  (* anyconst *) reg [2:0]   state;   // of the pages

  // Cleared in cycle 0, started in cycle 1.
  reg [4:0] cycle = 5'd0;
  reg       ended = 1'b0;
  always @(posedge clk_i) begin
    if (cycle != 5'd31) cycle <= cycle + 5'd1;
    if (done) ended <= 1'b1;
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

  // --- Lengths -----------------------------------------------------------------------------------

  function [20:0] times;
    input [20:0] value;
    input [15:0] factor;
    reg   [36:0] product;
    begin
      product = {16'd0, value} * {21'd0, factor};
      times = (product > {16'd0, BEYOND}) ? BEYOND : product[20:0];
    end
  endfunction

  function [20:0] in_words;   // a length in bytes
    input [20:0] value;
    in_words = (value + 21'd3) >> 2;
  endfunction

  function [18:0] limited;
    input [31:0] value;
    limited = (value > WINDOW) ? 19'd257 : value[18:0];
  endfunction

  // Words 8 to 12 of an opcode over tensors as docs/hardware.md has them.
  wire [31:0] mode = word(8), size = word(9), depth = word(10), kernel = word(12);
  wire        convolve = word(0) == 32'd8, add = word(0) == 32'd11;
  wire        pool     = word(0) == 32'd9 || word(0) == 32'd10;
  wire        shaped   = convolve || add || pool;
  wire [31:0] result   = add ? size : word(11);
  wire [15:0] outputs  = convolve ? depth[31:16] : depth[15:0];
  wire        has_table = mode[9], logits = mode[10], adds = mode[11], stores = mode[12];

  wire [20:0] read     = times(in_words(times(times({5'd0, size[15:0]}, size[31:16]),
                                              depth[15:0])), mode[31:16]);
  wire [20:0] elements = times(times({5'd0, result[15:0]}, result[31:16]), outputs);
  wire [20:0] made     = times(logits ? elements : in_words(elements), mode[31:16]);
  wire [20:0] sums     = times(elements, mode[31:16]);
  wire [20:0] vector   = times(times({13'd0, kernel[7:0]}, {8'd0, kernel[15:8]}), depth[15:0]);
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

  wire       good   = done && error == 4'd0;
  wire       layer  = word(0) == 32'd6;
  wire       moves  = word(0) == 32'd1 || word(0) == 32'd2 || word(0) == 32'd4;
  wire       tables = word(0) == 32'd3;
  wire       inl    = word(0) == 32'd7;
  wire [3:0] bits   = mode[3:0];

  always @* begin
    ends:     assert (cycle <= 5'd21 || ended);
    opcodes:  assert (!good || word(0) <= 32'd11);
    pages:    assert (!good || word(0) == 32'd0 || add || pool || word(1) < PAGES);
    counts:   assert (!good || !(layer || convolve) ||
                      (word(2) != 32'd0 && word(2) <= PAGES && word(1) + word(2) <= PAGES));
    images:   assert (!good || !moves || lies(word(2), {6'd0, IMAGE}));
    tabled:   assert (!good || !tables || (lies(word(2), {6'd0, TABLES}) && word(3) != 32'd0 &&
                      word(3) <= ROWS && word(4) != 32'd0 && word(4) <= COLS));
    inls:     assert (!good || !inl || word(3) == 32'd0 ||
                      (word(3) == 32'd1 && lies(word(2), 38'd64)));
    layers:   assert (!good || !layer || (word(7) != 32'd0 && word(7) <= WINDOW &&
                      word(4) != 32'd0 && word(4) <= WINDOW && word(6) != 32'd0 &&
                      word(6) <= MAX_OUTPUTS && word(8) != 32'd0 && word(8) <= 32'd8));
    vectors:  assert (!good || !layer || (lies(word(3), vectors_read) &&
                      lies(word(5), vectors_made) &&
                      apart(word(3), vectors_read[20:0], word(5), vectors_made[20:0])));
    sizes:    assert (!good || !shaped || (mode[31:16] != 16'd0 && size[15:0] != 16'd0 &&
                      size[31:16] != 16'd0 && depth[15:0] != 16'd0 && outputs != 16'd0 &&
                      result[15:0] != 16'd0 && result[31:16] != 16'd0));
    kernels:  assert (!good || !(convolve || pool) || (kernel[7:0] != 8'd0 &&
                      kernel[15:8] != 8'd0 && kernel[23:16] != 8'd0 && kernel[31:24] != 8'd0));
    crossbar: assert (!good || !convolve || ({16'd0, outputs} <= MAX_OUTPUTS && bits != 4'd0 &&
                      bits <= 4'd8 && {11'd0, vector} <= MAX_INPUTS));
    written:  assert (!good || !shaped || lies(target, {17'd0, target_size}));
    tensors:  assert (!good || !shaped || clear_of(word(3), read));
    second:   assert (!good || !add || clear_of(word(4), read));
    padding:  assert (!good || !convolve || clear_of(word(4), pixel));
    blocks:   assert (!good || !shaped || stores || clear_of(word(6), block));
    running:  assert (!good || !adds || !convolve || stores || clear_of(word(7), sums));
    flags:    assert (!good || !shaped || (!(has_table && logits) && !(stores && (has_table || logits)) &&
                      (convolve || (!adds && !stores))));
    unused:   assert (!good || (!(add && (nonzero & 16'hF886) != 16'd0) &&
                      !(pool && (nonzero & 16'hC086) != 16'd0) &&
                      !(layer && (nonzero & 16'hF000) != 16'd0)));
    ready:    assert (!good || ((!(layer || convolve) || state[2]) &&
                      (word(0) != 32'd5 || state[1]) && (word(0) != 32'd2 || !state[0])));
  end

endmodule

`default_nettype wire
