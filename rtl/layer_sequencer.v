// layer_sequencer: runs a LAYER or a CONVOLVE descriptor.
//
//   clear `outputs` accumulators
//   for each vector: CONVOLVE: read the window into the vector buffer       (im2col)
//                    with add_sums_i: add the running sums to the accumulators
//                    for each page: clear the word lines of its tile, gather, run the tile; the
//                      word lines of the next page, with LAYER also of the next vector's first, are
//                      gathered while tiles run
//                    LAYER, STORE_SUMS: write the accumulators to the window
//                    else: hand them to the output unit
//                    reading an accumulator clears it for the next vector
//
// A window of K elements takes K + 1 cycles, running sums take outputs cycles. All settings are
// sampled with start_i. busy_o is high from the next cycle until the last accumulator was written
// or taken. clear_i ends a run at once; what was written stays.
`default_nettype none

module layer_sequencer #(
  parameter integer WINDOW_WIDTH = 16  // of a window address
) (
  input  wire                    clk_i,
  input  wire                    rst_ni,          // asynchronous, active low
  input  wire                    clear_i,

  // Settings, already checked
  input  wire                    start_i,
  output wire                    busy_o,
  input  wire                    convolve_i,
  input  wire                    add_sums_i,      // CONVOLVE
  input  wire                    store_sums_i,    // CONVOLVE
  input  wire [15:0]             first_page_i,
  input  wire [15:0]             pages_i,         // 1..PAGES
  input  wire [WINDOW_WIDTH-1:0] input_i,         // LAYER: window word of vector 0
  input  wire [18:0]             input_words_i,   // LAYER: of one vector
  input  wire [WINDOW_WIDTH-1:0] output_i,        // window word of accumulators or running sums
  input  wire [16:0]             outputs_i,       // 1..MAX_OUTPUTS
  input  wire [18:0]             vectors_i,       // LAYER: >= 1
  input  wire [31:0]             first_vector_i,  // number of vector 0

  // The page at hand and the vector
  output wire [15:0]             page_o,
  output wire [WINDOW_WIDTH-1:0] base_o,          // LAYER: window word of the vector
  output wire [31:0]             words_o,         // LAYER: of the vector
  output wire [31:0]             vector_o,        // number of the vector

  // Elements of windows (see im2col) on their way into the vector buffer
  input  wire                    walk_valid_i,
  output wire                    walk_next_o,
  input  wire                    walk_window_end_i,
  input  wire                    walk_image_end_i,
  input  wire                    walk_last_i,
  output wire                    vector_clear_o,
  output wire                    vector_byte_o,   // the element read in the cycle before
  output wire                    vector_last_o,

  // Gather and tiles: busy from the cycle after their start
  output wire                    gather_start_o,  // with it the word lines are cleared
  input  wire                    gather_busy_i,
  output wire                    tile_start_o,
  input  wire                    tile_busy_i,     // that of page_o takes no start
  input  wire                    tiles_active_i,  // any has additions to come

  // Accumulators
  output wire                    acc_clear_o,
  output wire [16:0]             outputs_o,
  input  wire                    acc_busy_i,
  output wire                    acc_read_o,
  output wire [15:0]             acc_index_o,
  output wire                    acc_add_o,       // the running sum read in the cycle before
  output wire [15:0]             acc_add_index_o,

  // Elements for the output unit
  output wire                    element_valid_o,
  input  wire                    element_take_i,
  output wire                    vector_end_o,
  output wire                    image_end_o,
  output wire                    last_o,

  // Window: running sums, or a write one cycle after a read of the accumulators
  input  wire                    window_taken_i,  // by another user: no reads
  output wire                    window_en_o,
  output wire                    window_we_o,
  output wire [WINDOW_WIDTH-1:0] window_addr_o
);

  localparam [3:0] IDLE = 4'd0, CLEAR = 4'd1, BEGIN = 4'd2, FILL = 4'd3, SUMS = 4'd4, PAGE = 4'd5,
                   GATHER = 4'd6, START = 4'd7, RUN = 4'd8, WRITE = 4'd9, EMIT = 4'd10;
  localparam [WINDOW_WIDTH-1:0] ONE = {{(WINDOW_WIDTH-1){1'b0}}, 1'b1};

  reg [3:0]              state_q;
  reg                    convolve_q;
  reg                    add_sums_q;
  reg                    store_sums_q;
  reg [15:0]             first_page_q;
  reg [15:0]             page_q;
  reg [15:0]             last_page_q;
  reg [WINDOW_WIDTH-1:0] base_q;
  reg [18:0]             words_q;
  reg [WINDOW_WIDTH-1:0] source_q;        // of running sums
  reg [WINDOW_WIDTH-1:0] target_q;
  reg [16:0]             outputs_q;
  reg [16:0]             index_q;
  reg [18:0]             vectors_left_q;
  reg [31:0]             vector_q;
  reg                    image_end_q;     // the vector is the last of its image
  reg                    last_q;          // and of all
  reg                    ahead_q;         // the word lines of the next vector are gathered already
  reg                    read_q;          // an accumulator to be written was read before
  reg                    byte_q;          // an element was
  reg                    byte_last_q;
  reg                    sum_q;           // a running sum was
  reg [15:0]             sum_index_q;

  wire        last_index  = index_q + 17'd1 == outputs_q;
  wire        last_page   = page_q == last_page_q;
  wire        last_vector = convolve_q ? last_q : vectors_left_q == 19'd1;
  wire        more        = !convolve_q && vectors_left_q != 19'd1;  // LAYER: one behind this
  wire        emits       = convolve_q && !store_sums_q;
  wire        fill        = state_q == FILL && walk_valid_i && !window_taken_i;
  wire        sum         = state_q == SUMS && !window_taken_i;
  wire        write       = state_q == WRITE;
  wire        emit        = state_q == EMIT && element_take_i;
  wire        step        = sum || write || emit;
  wire        vector_done = (write || emit) && last_index;
  wire [31:0] next_base   = {{(32-WINDOW_WIDTH){1'b0}}, base_q} + {13'd0, words_q};

  always @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      state_q <= IDLE;
    end else if (clear_i) begin
      state_q <= IDLE;
    end else begin
      case (state_q)
        IDLE:   if (start_i) state_q <= CLEAR;
        CLEAR:  if (!acc_busy_i) state_q <= BEGIN;
        BEGIN:  state_q <= convolve_q ? FILL : PAGE;
        FILL:   if (fill && walk_window_end_i) state_q <= add_sums_q ? SUMS : PAGE;
        SUMS:   if (sum && last_index) state_q <= PAGE;
        PAGE:   state_q <= ahead_q ? RUN : GATHER;
        GATHER: if (!gather_busy_i && !tile_busy_i) state_q <= START;
        START:  state_q <= !last_page || more ? PAGE : RUN;
        RUN:    if (!tiles_active_i && !gather_busy_i) state_q <= emits ? EMIT : WRITE;
        default: if (vector_done) state_q <= last_vector ? IDLE : ahead_q ? GATHER : BEGIN;
      endcase
    end
  end

  always @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      convolve_q     <= 1'b0;
      add_sums_q     <= 1'b0;
      store_sums_q   <= 1'b0;
      first_page_q   <= 16'd0;
      last_page_q    <= 16'd0;
      words_q        <= 19'd0;
      outputs_q      <= 17'd0;
      page_q         <= 16'd0;
      base_q         <= {WINDOW_WIDTH{1'b0}};
      source_q       <= {WINDOW_WIDTH{1'b0}};
      target_q       <= {WINDOW_WIDTH{1'b0}};
      index_q        <= 17'd0;
      vectors_left_q <= 19'd0;
      vector_q       <= 32'd0;
      ahead_q        <= 1'b0;
    end else if (state_q == IDLE) begin
      if (start_i) begin
        convolve_q     <= convolve_i;
        add_sums_q     <= convolve_i && add_sums_i;
        store_sums_q   <= store_sums_i;
        first_page_q   <= first_page_i;
        last_page_q    <= first_page_i + pages_i - 16'd1;
        words_q        <= input_words_i;
        outputs_q      <= outputs_i;
        page_q         <= first_page_i;
        base_q         <= input_i;
        source_q       <= output_i;
        target_q       <= output_i;
        index_q        <= 17'd0;
        vectors_left_q <= vectors_i;
        vector_q       <= first_vector_i;
        ahead_q        <= 1'b0;
      end
    end else begin
      if (state_q == START) begin
        page_q  <= last_page ? first_page_q : page_q + 16'd1;
        ahead_q <= last_page && more;
        if (last_page) begin
          vector_q <= vector_q + 32'd1;
          base_q   <= next_base[WINDOW_WIDTH-1:0];
        end
      end
      if (state_q == GATHER) ahead_q <= 1'b0;
      if (step) index_q <= last_index ? 17'd0 : index_q + 17'd1;
      if (sum) source_q <= source_q + ONE;
      if (read_q) target_q <= target_q + ONE;
      if (vector_done) begin
        vectors_left_q <= vectors_left_q - 19'd1;
      end
    end
  end

  // What was read in the cycle before.
  always @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      read_q      <= 1'b0;
      byte_q      <= 1'b0;
      byte_last_q <= 1'b0;
      sum_q       <= 1'b0;
      sum_index_q <= 16'd0;
      image_end_q <= 1'b0;
      last_q      <= 1'b0;
    end else begin
      read_q      <= write && !clear_i;
      byte_q      <= fill;
      byte_last_q <= walk_window_end_i;
      sum_q       <= sum && !clear_i;
      sum_index_q <= index_q[15:0];
      if (fill) begin
        image_end_q <= walk_image_end_i;
        last_q      <= walk_last_i;
      end
    end
  end

  assign busy_o          = state_q != IDLE || read_q;
  assign page_o          = page_q;
  assign base_o          = base_q;
  assign words_o         = {13'd0, words_q};
  assign vector_o        = vector_q;
  assign walk_next_o     = fill;
  assign vector_clear_o  = state_q == BEGIN;
  assign vector_byte_o   = byte_q;
  assign vector_last_o   = byte_last_q;
  assign gather_start_o  = state_q == PAGE;
  assign tile_start_o    = state_q == START;
  assign acc_clear_o     = state_q == IDLE && start_i;
  assign outputs_o       = (state_q == IDLE) ? outputs_i : outputs_q;
  assign acc_read_o      = write || emit;
  assign acc_index_o     = index_q[15:0];
  assign acc_add_o       = sum_q;
  assign acc_add_index_o = sum_index_q;
  assign element_valid_o = state_q == EMIT;
  assign vector_end_o    = last_index;
  assign image_end_o     = last_index && image_end_q;
  assign last_o          = last_index && last_q;
  assign window_en_o     = sum || read_q;
  assign window_we_o     = read_q;
  assign window_addr_o   = read_q ? target_q : source_q;

  wire unused_bits = &{1'b0, next_base};  // those beyond the window

endmodule

`default_nettype wire
